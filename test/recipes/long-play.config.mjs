// `npm run recipes -- --long`: five minutes, which are no part of `npm test`.
import base from '../../jest.config.mjs';

export default { ...base, rootDir: '../..', testMatch: ['<rootDir>/test/recipes/long-play.ts'] };
