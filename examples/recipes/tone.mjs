import { getContext, Player } from 'tone';

export async function load(url) {
  const response = await fetch(url, { credentials: 'include' });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Player(await getContext().decodeAudioData(await response.arrayBuffer())).toDestination();
}
