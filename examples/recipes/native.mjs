export function play(video, url, captionsUrl) {
  video.crossOrigin = 'use-credentials';
  const track = document.createElement('track');
  Object.assign(track, { kind: 'captions', src: captionsUrl, srclang: 'en', default: true });
  video.append(track);
  video.src = url;
}
