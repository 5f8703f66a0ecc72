// Loaded into a server before it starts: says over the IPC channel how late its event loop was. The first
// message begins the measurement, the next one ends it.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MILLISECONDS = 1;
const NANOSECONDS_PER_MILLISECOND = 1e6;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MILLISECONDS });

process.on('message', (question) => {
  if (question === 'begin') {
    delays.reset();
    delays.enable();
    process.send?.({ answer: null });
  } else {
    delays.disable();
    // Node counts the interval itself in.
    const late = delays.percentile(99) / NANOSECONDS_PER_MILLISECOND - RESOLUTION_MILLISECONDS;
    process.send?.({ answer: late });
  }
});
process.channel?.unref();
