import { getDocument, GlobalWorkerOptions } from 'pdfjs-dist';

GlobalWorkerOptions.workerSrc = '/pdf.worker.mjs';

export async function show(canvas, url) {
  const loading = getDocument({ url, withCredentials: true, disableAutoFetch: true, disableStream: true });
  const page = await (await loading.promise).getPage(1);
  const viewport = page.getViewport({ scale: 1 });
  Object.assign(canvas, { width: viewport.width, height: viewport.height });
  await page.render({ canvas, viewport }).promise;
}
