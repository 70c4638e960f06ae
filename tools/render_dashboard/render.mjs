// SPDX-License-Identifier: Apache-2.0
// Draws a dashboard with Grafana's components on the data of a Prometheus, into a PNG file.
//
//   npm ci --ignore-scripts && npm run build      Node 20.19 or newer; Debian's chromium
//   node render.mjs DASHBOARD.json PROMETHEUS_URL PICTURE.png [SECONDS [open]]
//
// "open" opens the closed rows. Exits with 1 and names them when panels have an error or no data.
// It is a tool for pictures and for looking at changes; no test needs it.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [dashboard, prometheus, picture, seconds = '900', open] = process.argv.slice(2);
if (!picture) {
  console.error('usage: node render.mjs DASHBOARD.json PROMETHEUS_URL PICTURE.png [SECONDS [open]]');
  process.exit(2);
}
const here = import.meta.dirname;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
  '.json': 'application/json', '.woff2': 'font/woff2' };

function fileOf(url) {
  if (url === '/dashboard.json') return dashboard;
  if (url.startsWith('/fonts/')) return path.join(here, 'node_modules/@fontsource/inter/files', path.basename(url));
  if (url.startsWith('/public/')) return path.join(here, 'node_modules/@grafana/ui/dist', url);
  return path.join(here, 'dist', url === '/' ? 'index.html' : url);
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  try {
    if (url.pathname.startsWith('/api/')) {
      const answer = await fetch(prometheus + request.url);
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
      return;
    }
    const file = fileOf(url.pathname);
    const body = await readFile(file);
    response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
    response.end(body);
  } catch (error) {
    response.writeHead(404).end(String(error));
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1424, height: 900 } });
  page.on('pageerror', (error) => console.error(`page: ${error}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/?seconds=${seconds}${open ? '&open' : ''}`);
  await page.waitForFunction('window.report', null, { timeout: 60000 });
  // What is below the window is not drawn: make the window as high as the page.
  const height = await page.evaluate('document.documentElement.scrollHeight');
  await page.setViewportSize({ width: 1424, height });
  const report = await page.evaluate('window.report');
  const charts = report.filter(({ type, series }) => type === 'timeseries' && series > 0).length;
  await page.waitForFunction((count) => document.querySelectorAll('.u-over').length >= count, charts);
  await page.screenshot({ path: picture, fullPage: true });
  const bad = report.filter(({ series, error }) => error || series === 0);
  for (const { title, error } of bad) console.error(`${title}: ${error ?? 'no data'}`);
  process.exitCode = bad.length ? 1 : 0;
} finally {
  await browser.close();
  server.close();
}
