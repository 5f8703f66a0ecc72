import { Howl } from 'howler';

export const load = (url) => new Howl({ src: [url], xhr: { withCredentials: true } });
