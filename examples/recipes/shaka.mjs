import shaka from 'shaka-player';

export async function play(video, url) {
  const player = new shaka.Player();
  player.getNetworkingEngine().registerRequestFilter((_type, request) => {
    const isCdn = new URL(request.uris[0]).origin === new URL(url).origin;
    if (isCdn) request.allowCrossSiteCredentials = true;
  });
  await player.attach(video);
  await player.load(url);
  player.selectTextTrack(player.getTextTracks()[0]);
}
