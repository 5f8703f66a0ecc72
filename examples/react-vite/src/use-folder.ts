import { createEdgepassClient } from '@edgepass/client';
import { useEffect, useState } from 'react';
import { API_URL } from './addresses.js';

const edgepass = createEdgepassClient({ apiUrl: API_URL });

export type Folder =
  | { readonly state: 'asking' | 'open' | 'expired' }
  | { readonly state: 'refused'; readonly reason: string };

/** Opens a folder of the CDN while the component is there: cookies are asked for, renewed, and cleared at the end. */
export function useFolder(prefix: string): Folder {
  const [folder, setFolder] = useState<Folder>({ state: 'asking' });
  useEffect(() => {
    setFolder({ state: 'asking' });
    const opened = edgepass.open(prefix);
    opened.on('granted', () => setFolder({ state: 'open' }));
    opened.on('expired', () => setFolder({ state: 'expired' }));
    opened.on('refused', ({ message }) => setFolder({ state: 'refused', reason: message }));
    return () => void opened.close();
  }, [prefix]);
  return folder;
}
