export { readDistribution } from './distribution/read-distribution.js';
export { formatFolderProblem } from './distribution/folder-problem.js';
export { startEdgeServer, type EdgeServer } from './server.js';
