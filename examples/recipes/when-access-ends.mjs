export function stopWhenAccessEnds(course, video, message) {
  const stop = (text) => {
    video.pause();
    message.textContent = text;
  };
  course.on('refused', (refusal) => stop(`You may not open this course any more: ${refusal.message}`));
  course.on('expired', () => stop('Access has ended and could not be renewed. Are you online?'));
}
