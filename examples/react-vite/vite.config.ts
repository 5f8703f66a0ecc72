import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // The name that the local stack gives this server; Vite refuses hosts that it does not know.
  server: { port: 5173, allowedHosts: ['.edgepass.localhost'] },
  preview: { port: 5173, allowedHosts: ['.edgepass.localhost'] },
});
