/**
 * Files of attackers in a real browser: opened by their link, in a frame, as a script, as a picture. Nothing in them may run: each would call the
 * canary, a server beside ours, or set a flag on the page it is in.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { picture } from '../support/pictures.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let server: TestServer;
let browser: Browser;
let canary: Server;
/** What has run: the paths that were asked for of the canary. */
const sung: string[] = [];
let canaryUrl: string;

beforeAll(async () => {
  server = await startServer();
  await server.users(1);
  // It also serves the pages of a site that shows other people's files.
  canary = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/page') response.setHeader('content-type', 'text/html').end(url.searchParams.get('html'));
    else {
      if (url.pathname.startsWith('/sing')) sung.push(url.pathname);
      response.setHeader('access-control-allow-origin', '*').end();
    }
  });
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: onPath('chromium'), args: FLAGS });
});
afterAll(async () => {
  await browser.close();
  canary.close();
  canary.closeAllConnections();
  await server.close();
});

/** Where the system has a program. */
function onPath(program: string): string {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not on the path`);
  return found;
}

/** Script that says it runs, in every way it could. */
const song = (name: string): string =>
  `try{top.ran='${name}'}catch{};self.ran='${name}';fetch('${canaryUrl}/sing-${name}').catch(()=>0);new Image().src='${canaryUrl}/sing-${name}'`;

const FILES: Readonly<Record<string, () => Promise<string | Buffer> | string | Buffer>> = {
  'page.html': () => `<!doctype html><script>${song('html')}</script><img src=x onerror="${song('html')}">`,
  'photo.png': () => `<!doctype html><script>${song('html-as-png')}</script>`,
  'image.svg': () => `<svg xmlns="http://www.w3.org/2000/svg"><script>${song('svg')}</script></svg>`,
  'declared.svg': () => `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="${song('xml-svg')}"/>`,
  'data.xml': () => `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>${song('xml')}</script></html>`,
  'code.js': () => song('js'),
  'module.mjs': () => `export default 1;${song('mjs')}`,
  'paper.pdf': () =>
    `%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.launchURL\\('${canaryUrl}/sing-pdf'\\))>>/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>`,
  'polyglot.gif': () => `GIF89a=1;${song('gif-js')}`,
  'hidden.gif': async () =>
    Buffer.concat([await picture(4, 4).gif().toBuffer(), Buffer.from(`<script>${song('gif-html')}</script>`)]),
  'style.css': () => `body{background:url(${canaryUrl}/sing-css)}`,
};

async function upload(name: string, bytes: string | Buffer): Promise<string> {
  const answer = await fetch(`${server.url}/api/files?name=${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenFor(1)}`, 'content-type': 'text/html' },
    body: typeof bytes === 'string' ? bytes : new Uint8Array(bytes),
  });
  expect(answer.status).toBe(201);
  return server.url + ((await answer.json()) as { url: string }).url;
}

const page = (html: string): string => `${canaryUrl}/page?html=${encodeURIComponent(html)}`;

async function settled(open: Page): Promise<unknown> {
  await open.waitForLoadState('load');
  const ran: unknown = await open.evaluate('self.ran');
  // What was asked of the canary before this has arrived there.
  await open.evaluate('1');
  await fetch(`${canaryUrl}/nothing`);
  return ran;
}

async function withPage<T>(use: (open: Page) => Promise<T>): Promise<T> {
  const open = await browser.newPage();
  try {
    return await use(open);
  } finally {
    await open.close();
  }
}

test('the canary sings when something runs', async () => {
  await withPage(async (open) => {
    await open.goto(page(`<script>${song('itself')}</script>`));
    expect(await settled(open)).toBe('itself');
    await expect.poll(() => sung).toContain('/sing-itself');
    sung.length = 0;
  });
});

describe.each(Object.entries(FILES))('%s', (name, make) => {
  let link: string;
  beforeAll(async () => {
    link = await upload(name, await (typeof make === 'function' ? make() : make));
  });

  test('is shown or saved when its link is opened, and runs nothing', async () => {
    await withPage(async (open) => {
      // A download ends the navigation: that is what most of these are.
      const opened = await open.goto(link).catch((error: unknown) => String(error));
      if (typeof opened === 'string') expect(opened).toMatch(/Download is starting|ERR_ABORTED/);
      else expect(opened?.headers()['content-security-policy']).toBe("sandbox; default-src 'none'");
      expect(await settled(open)).toBeUndefined();
      expect(sung).toEqual([]);
    });
  });

  test('runs nothing as a frame, object, script, module, style sheet and picture of another page', async () => {
    const parts = [
      `<iframe src="${link}"></iframe><object data="${link}"></object><embed src="${link}">`,
      `<script src="${link}"></script><script type="module" src="${link}"></script>`,
      `<link rel="stylesheet" href="${link}"><img src="${link}">`,
    ];
    await withPage(async (open) => {
      await open.goto(page(parts.join('')));
      expect(await settled(open)).toBeUndefined();
      expect(sung).toEqual([]);
    });
  });
});

test('pictures are still pictures, for pages elsewhere too', async () => {
  const link = await upload('cat.png', await picture(6, 4).png().toBuffer());
  await withPage(async (open) => {
    await open.goto(page(`<img src="${link}">`));
    expect(await open.evaluate('document.images[0].naturalWidth')).toBe(6);
    await open.goto(link);
    expect(await open.evaluate('document.images[0].naturalWidth')).toBe(6);
  });
});

test('until the end nothing has run', () => {
  expect(sung).toEqual([]);
});
