import { TextureLoader } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

export const model = (url) => new GLTFLoader().setWithCredentials(true).loadAsync(url);
export const texture = (url) => new TextureLoader().setCrossOrigin('use-credentials').loadAsync(url);
