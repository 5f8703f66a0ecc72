import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { API_URL } from './addresses.js';
import { Lesson } from './lesson.js';

function App() {
  const [user, setUser] = useState<string | null>(null);
  return (
    <main>
      <h1>Algebra</h1>
      {['alice', 'bob'].map((name) => (
        <button key={name} onClick={() => void signIn(name).then(() => setUser(name))}>
          Sign in as {name}
        </button>
      ))}
      {/* Another person is another lesson: its folder is closed first. */}
      {user !== null && <Lesson key={user} prefix="courses/algebra" />}
    </main>
  );
}

/** The sign-in of the demo; your page has its own. */
async function signIn(user: string): Promise<void> {
  const answer = await fetch(`${API_URL}/demo/sign-in`, {
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  if (!answer.ok) throw new Error(`The sign-in answered ${answer.status}.`);
}

const root = document.querySelector('#root');
if (root === null) throw new Error('index.html must have #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
