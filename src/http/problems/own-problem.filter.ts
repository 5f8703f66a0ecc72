import { Catch } from '@nestjs/common';
import { ProblemFilter } from './problem.filter.js';
import { Problem } from './problem.js';

/**
 * Answers what we refuse ourselves. Everything else, a host's guard above all, goes on to the filters of the
 * application: in a host application to the host's own, in the stand-alone service to {@link ProblemFilter}.
 */
@Catch(Problem)
export class OwnProblemFilter extends ProblemFilter {}
