/** The rules of the house (docs/architecture.md): each is named as the sentence that it protects. */
module.exports = {
  forbidden: [
    {
      name: 'no room imports in a circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'a cryptographer reads cloudfront without knowing Nest or Express',
      severity: 'error',
      from: {
        path: '^src/cloudfront/',
        pathNot: '^src/cloudfront/cloudfront\\.(service|module)(\\.spec)?\\.ts$',
      },
      to: { path: '(^|/)node_modules/(@nestjs|@types/express|express|cookie-parser)(/|$)' },
    },
    {
      name: 'the edge shares no code with the signer',
      severity: 'error',
      from: { path: '^src/edge/' },
      to: {
        path: '(^src/(cloudfront|grants|entitlements|authentication)/)|(^|/)node_modules/@aws-sdk/cloudfront-signer(/|$)',
      },
    },
    {
      name: 'authentication knows no later room',
      severity: 'error',
      from: { path: '^src/authentication/' },
      to: { path: '^src/(entitlements|cloudfront|grants|edge|local|cli|doctor|diagnoses)/' },
    },
    {
      name: 'entitlements knows only who is asking and what a prefix is',
      severity: 'error',
      from: { path: '^src/entitlements/' },
      to: {
        path: '^src/(cloudfront|grants|edge|local|cli|doctor|diagnoses)/',
        pathNot: '^src/cloudfront/prefix(\\.decorator)?\\.ts$',
      },
    },
    {
      name: 'cloudfront knows no other room of the flow',
      severity: 'error',
      from: { path: '^src/cloudfront/' },
      to: {
        path: '^src/(authentication|entitlements|grants|edge|local|cli|doctor|diagnoses|database|settings)/',
      },
    },
    {
      name: 'grants knows the first two rooms only through its ports',
      severity: 'error',
      from: { path: '^src/grants/' },
      to: {
        path: '^src/(authentication|entitlements)/',
        pathNot: '^src/authentication/(viewer|forgery-check)\\.ts$',
      },
    },
    {
      name: 'a host application gets no database, no environment and no sign-in of ours',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: {
        reachable: true,
        path: '^src/(database|settings|local|cli|edge|entitlements)/|(^|/)node_modules/(kysely|pg|better-sqlite3|@peculiar)(/|$)',
      },
    },
    {
      name: 'no room knows the service that is made of the rooms',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/(service|local|cli)/' },
      to: { path: '^src/(service/|app\\.module\\.ts$)' },
    },
    {
      name: 'only diagnoses and cli know the doctor',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(doctor|diagnoses|cli)/' },
      to: { path: '^src/doctor/' },
    },
    {
      name: 'the browser side imports nothing of the server',
      severity: 'error',
      from: { path: '^(client|demo)/' },
      to: { path: '^src/' },
    },
    {
      name: 'nothing imports a package that is not declared',
      severity: 'error',
      from: { path: '^src/' },
      // An import of types alone is gone after compilation.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
