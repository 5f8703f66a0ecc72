export { readDistribution } from './distribution/read-distribution.js';
export { formatFolderProblem } from './distribution/json-node.js';
export { startEdgeServer, type EdgeServer } from './server.js';
