const { dependencies, peerDependencies } = require('./package.json');
const service = require('./packages/service/package.json').dependencies;

/** Matches the path of every installed package but these. */
const packagesBut = (names) =>
  `(^|/)node_modules/(?!(@types/)?(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})(/|$))`;

/** What a host application gets with the module: its dependencies, and the Nest that it has. */
const MODULE_PACKAGES = Object.keys({ ...dependencies, ...peerDependencies });

/** The import rules (docs/architecture.md): each is named as the sentence that it protects. */
module.exports = {
  forbidden: [
    {
      name: 'no folder imports in a circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'cloudfront can be read without knowing Nest or Express',
      severity: 'error',
      from: {
        path: '^src/cloudfront/',
        pathNot: '^src/cloudfront/cloudfront\\.(service|module)(\\.spec)?\\.ts$',
      },
      to: { path: '(^|/)node_modules/(@nestjs|@types/express|express|cookie-parser)(/|$)' },
    },
    {
      name: 'the edge imports nothing of the service',
      severity: 'error',
      from: { path: '^packages/edge/' },
      to: { path: '^src/|^packages/(?!edge/)|(^|/)node_modules/@aws-sdk/cloudfront-signer(/|$)' },
    },
    {
      name: 'the local stack starts the others as processes',
      severity: 'error',
      from: { path: '^packages/local/src/' },
      to: { path: '^src/|^packages/(?!local/src/)' },
    },
    {
      name: 'only its command knows the local stack',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/start\\.command\\.ts$' },
      to: { path: '^packages/local/' },
    },
    {
      name: 'only diagnoses knows the doctor',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/diagnoses/' },
      to: { path: '^packages/doctor/' },
    },
    {
      name: 'the doctor imports nothing of the service, and of the edge what it exports',
      severity: 'error',
      from: { path: '^packages/doctor/' },
      to: { path: '^src/|^packages/(?!doctor/|edge/src/(index|reading|viewer-access/resource-match)\\.ts$)' },
    },
    {
      name: 'authentication knows no later step of a grant',
      severity: 'error',
      from: { path: '^src/authentication/' },
      to: { path: '^src/(entitlements|cloudfront|grants|cli)/|^packages/' },
    },
    {
      name: 'entitlements knows only who is asking and what a prefix is',
      severity: 'error',
      from: { path: '^src/entitlements/' },
      to: {
        path: '^src/(cloudfront|grants|cli)/|^packages/',
        pathNot: '^src/cloudfront/prefix\\.ts$',
      },
    },
    {
      name: 'cloudfront knows no other step of a grant and no setting',
      severity: 'error',
      from: { path: '^src/cloudfront/' },
      to: {
        path: '^src/(authentication|entitlements|grants|cli|database|settings)/|^packages/',
      },
    },
    {
      name: 'grants knows authentication and entitlements only through its ports',
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
        path: '^src/(database|settings|cli|entitlements)/|^packages/',
      },
    },
    {
      name: 'nothing that the service is composed of knows the composition',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/(operation|cli)/' },
      to: { path: '^src/(operation/(create|start)-api|app\\.module)\\.ts$' },
    },
    {
      name: 'the browser side imports nothing of the server',
      severity: 'error',
      from: { path: '^packages/(client|local/demo)/' },
      to: { path: '^src/|^packages/(?!client/|local/demo/)' },
    },
    {
      name: 'a host application gets no package that the module does not declare',
      severity: 'error',
      from: { path: '^src/(index|grants/grants\\.module)\\.ts$' },
      // Types alone are gone after compilation.
      to: { reachable: true, path: packagesBut([...MODULE_PACKAGES, 'express']) },
    },
    {
      name: 'the service imports no package that it does not declare',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: packagesBut([...MODULE_PACKAGES, ...Object.keys(service), '@edgepass/.*']),
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nothing imports a package that is not declared',
      severity: 'error',
      // What builds runs in this repository alone.
      from: { path: '^packages/', pathNot: '^packages/(release/|local/compile\\.mjs$)' },
      // An import of types alone is gone after compilation; a peer may be a development dependency as well.
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['type-only', 'npm-peer'],
      },
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
