import { parentPort, workerData } from 'node:worker_threads';
import { OUR_RULES } from './every-property.js';
import { runProperties, type PropertiesRun } from './run-properties.js';

// oxlint-disable-next-line require-post-message-target-origin -- of a window; a thread has none
parentPort?.postMessage(runProperties(OUR_RULES, workerData as PropertiesRun));
