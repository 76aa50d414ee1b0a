/** The client against a real server with its sandbox, started here: VEZA_BIN names the program. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buy, giveBack, look, openAccount, Refused, sell, signIn, startSelling, type Credentials } from '../src/example';
import { configure, getSellerBalance, listMyLicenses, listSellerTransfers } from '../src/index';

const START_MS_MAX = 30_000;
const SETTLE_MS_MAX = 20_000;

type Server = { process: ChildProcess; dataDir: string; url: string; sandbox: string };

/** Starts a server that keeps nothing but its mails, and learns its addresses from what it says at start. */
async function start(program: string): Promise<Server> {
  const dataDir = mkdtempSync(join(tmpdir(), 'veza-client-'));
  const env = { ...process.env, BIND_ADDR: '127.0.0.1:0', SANDBOX_BIND_ADDR: '127.0.0.1:0', DATABASE_URL: 'memory:', DATA_DIR: dataDir };
  const child = spawn(program, ['serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => fail('it did not start in time'), START_MS_MAX);
    const fail = (why: string) => {
      clearTimeout(tooLate);
      child.kill();
      reject(new Error(`${why}:\n${said}`));
    };
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const url = /API reference +(http:\/\/\S+)\/docs/.exec(said)?.[1];
      const sandbox = /sandbox +(http:\/\/\S+)\/control\//.exec(said)?.[1];
      if (url !== undefined && sandbox !== undefined) {
        clearTimeout(tooLate);
        resolve({ process: child, dataDir, url, sandbox });
      }
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => fail(`it ended with ${code}`));
  });
}

/** Looks until `see` gives something. */
async function eventually<T>(what: string, see: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const until = Date.now() + SETTLE_MS_MAX;
  for (;;) {
    const seen = await see();
    if (seen !== undefined) {
      return seen;
    }
    assert.ok(Date.now() < until, `${what}: not seen in time`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function mailedToken(server: Server, address: string): string | undefined {
  const outbox = join(server.dataDir, 'outbox');
  const mails = readdirSync(outbox).map((name) => readFileSync(join(outbox, name), 'utf8'));
  const mail = mails.find((text) => text.includes(`To: ${address}`));
  return mail === undefined ? undefined : /token=(\S+)/.exec(mail)?.[1];
}

async function account(server: Server, username: string): Promise<string> {
  const credentials: Credentials = { email: `${username}@example.org`, username, password: 'a quiet harbour at dawn' };
  await openAccount(credentials);
  const token = await eventually('a mail', () => mailedToken(server, credentials.email));
  return signIn(credentials, token);
}

test('a sale, a refund and what the seller sees', { skip: process.env.VEZA_BIN ? false : 'VEZA_BIN names no program' }, async () => {
  const server = await start(process.env.VEZA_BIN ?? '');
  try {
    let token: string | undefined;
    configure({ baseUrl: server.url, accessToken: () => token });
    const [seller, buyer] = [await account(server, 'seller'), await account(server, 'buyer')];

    token = seller;
    const onboarding = await startSelling();
    await fetch(onboarding); // a page for a person, with one button
    const finished = await fetch(`${onboarding}/finish`, { method: 'POST', redirect: 'manual' });
    assert.equal(finished.status, 303);
    const product = await sell('Night Drive', 1500, 'EUR');

    token = buyer;
    const { orderId, payment } = await buy(product.id, 'one-key');
    assert.deepEqual({ orderId, payment }, await buy(product.id, 'one-key'), 'the same key brings the same order');
    assert.ok(payment?.client_secret, 'there is something to pay with');
    await fetch(`${server.sandbox}/control/payments/${payment.payment_id}/pay`, { method: 'POST' });
    await eventually('a paid order', async () => (await look(orderId)).status === 'completed' || undefined);
    const licenses = await listMyLicenses();
    assert.ok(licenses.status === 200 && licenses.data.items[0]?.status === 'active');

    token = seller;
    const transfer = async () => {
      const list = await listSellerTransfers();
      return list.status === 200 ? list.data.items[0] : undefined;
    };
    await eventually('a transfer', async () => (await transfer())?.status === 'completed' || undefined);
    assert.deepEqual((await transfer())?.amount, { amount: 1350, currency: 'EUR' });

    token = buyer;
    assert.equal((await giveBack(orderId, 'changed my mind')).status, 'pending');
    await eventually('a refunded order', async () => (await look(orderId)).status === 'refunded' || undefined);
    await assert.rejects(giveBack(orderId, 'twice'), (error) => error instanceof Refused && error.problem.status === 409);

    token = seller;
    await eventually('a reversal', async () => (await transfer())?.status === 'reversed' || undefined);
    const balance = await getSellerBalance();
    assert.deepEqual(balance.status === 200 && balance.data.owed, [{ amount: 0, currency: 'EUR' }]);

    token = undefined;
    await assert.rejects(look(orderId), (error) => error instanceof Refused && error.problem.code === 'unauthorized');
  } finally {
    server.process.removeAllListeners('exit');
    server.process.kill();
    rmSync(server.dataDir, { recursive: true, force: true });
  }
});
