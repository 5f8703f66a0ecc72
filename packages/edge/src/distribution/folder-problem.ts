/** One mistake in the distribution's folder: where it is, what was expected there and what was found. */
export interface FolderProblem {
  /** Relative to the folder: `key-groups/viewers.json`. */
  readonly file: string;
  /** JSON path inside the file, `''` for the file itself. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** The line that is printed for a mistake. */
export function formatFolderProblem({ file, path, expected, found }: FolderProblem): string {
  return `${file}${path === '' ? '' : ` ${path}`}: expected ${expected}, found ${found}`;
}
