import { createEdgepassClient } from '@edgepass/client';

// The local stack; in production the addresses of your API and your CDN.
const domain = location.hostname.replace(/^app\./, '');
const query = new URLSearchParams(location.search);
const apiUrl = query.get('api') ?? `https://api.${domain}:3001`;
const cdnUrl = query.get('cdn') ?? `https://cdn.${domain}:3002`;

const edgepass = createEdgepassClient({ apiUrl });
const picture = document.querySelector('#picture');
const openButton = document.querySelector('#open');
const closeButton = document.querySelector('#close');
let course;

openButton.addEventListener('click', async () => {
  openButton.disabled = true;
  await signIn(document.querySelector('#user').value);
  course = edgepass.open('courses/algebra');
  course.on('refused', ({ message }) => show(`You may not open this course: ${message}`, false));
  course.on('expired', () => show('The access has ended.', false));
  course.on('granted', () => {
    // Only from now on does the browser send the cookies, and a refused image is not asked for again by itself.
    picture.src = `${cdnUrl}/courses/algebra/images/1.svg`;
    show('The course is open.', true);
  });
});

closeButton.addEventListener('click', async () => {
  await course.close();
  show('The course is closed.', false);
});

function show(text, isOpen) {
  document.querySelector('#status').textContent = text;
  picture.hidden = !isOpen;
  closeButton.disabled = !isOpen;
  openButton.disabled = isOpen;
}

/** The sign-in of the demo; your page has its own. */
async function signIn(user) {
  const answer = await fetch(`${apiUrl}/demo/sign-in`, {
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  if (!answer.ok) throw new Error(`The sign-in answered ${answer.status}.`);
}
