import type { Browser, BrowserContext, Page, Response } from '@playwright/test';
import type { Shop } from './shop.ts';
import { type Stripe, BUYER, signUp } from './stripe.ts';
import { DEMO, complaintsOf, expect, openPurchase, signInBeforehand } from './test.ts';

/** A page of the shop, or a state of one. */
export interface Stop {
  name: string;
  path: string;
  /** Preparations before the page is opened. */
  before?: (page: Page) => Promise<unknown>;
  /** Actions that bring the opened page into the state. */
  then?: (page: Page) => Promise<unknown>;
}

type Session = Awaited<ReturnType<BrowserContext['storageState']>>;

/** Stops that share one session. */
export interface Leg {
  session: Session;
  stops: Stop[];
}

/**
 * The console messages about pages with an error status, and about connections that a test cuts.
 */
const ALLOWED_IN_CONSOLE = [/status of 4\d\d/, /ERR_CONNECTION_REFUSED/];

/** Visits the stops, and calls `look` for each, with the document that the server sent. */
export async function travel(
  browser: Browser,
  options: { baseURL: string; locale: string },
  legs: Leg[],
  look: (page: Page, stop: Stop, document: Response) => Promise<void>,
): Promise<void> {
  for (const { session, stops } of legs) {
    const context = await browser.newContext({ ...options, storageState: session, reducedMotion: 'reduce' });
    const complaints = complaintsOf(context, ALLOWED_IN_CONSOLE);
    const page = await context.newPage();
    let document: Response | null = null;
    page.on('response', (response) => {
      if (response.request().resourceType() === 'document') document = response;
    });
    for (const stop of stops) {
      await stop.before?.(page);
      document = await page.goto(stop.path);
      await stop.then?.(page);
      if (!document) throw new Error(`nothing was sent for ${stop.path}`);
      await look(page, stop, document);
    }
    await context.close();
    expect(complaints, 'the console must stay silent').toEqual([]);
  }
}

const NOBODY: Session = { cookies: [], origins: [] };
const NEWCOMER = { email: 'newcomer@example.com', password: 'correct horse battery' };

const order = (error?: string): Stop => ({
  name: error ? `order, ${error}` : 'order',
  path: `/?buy=credits_5${error ? `&error=${error}` : ''}`,
  then: (page) => expect(page.locator('dialog:modal')).toBeVisible(),
});

/** With a wrong password that the policy would not allow either. */
async function signInWrongly(page: Page): Promise<unknown> {
  await page.locator('main [name=email]').fill(DEMO.email);
  await page.locator('main [name=password]').fill('wrong');
  await page.locator('main form button').click();
  return expect(page.getByRole('alert')).toBeVisible();
}

/** Fills in texts that are the same in all languages. */
async function withdraw(page: Page, contract: string): Promise<unknown> {
  await page.locator('main [name=name]').fill('Kim Meier');
  await page.locator('main [name=contract]').fill(contract);
  await page.locator('main [name=email]').fill('kim@example.com');
  await page.locator('main form button').click();
  return expect(page.getByRole('alert').or(page.locator('main dl'))).toBeVisible();
}

/** Waits until the developer's mailbox has this many mails. */
async function mails(page: Page, mailbox: string, count: number): Promise<void> {
  await expect(async () => {
    await page.goto(mailbox);
    await expect(page.locator('main li')).toHaveCount(count, { timeout: 100 });
  }).toPass();
}

/** A visitor whose browser asks for this language. */
const visitor = (browser: Browser, baseURL: string, locale: string) =>
  browser.newContext({ baseURL, locale, extraHTTPHeaders: { 'accept-language': locale } });

/** The public pages, and those of mock mode. */
export async function mockTour(browser: Browser, shop: Shop, locale: string): Promise<Leg[]> {
  const mailbox = `${shop.adminUrl}/dev/mailbox`;
  const context = await visitor(browser, shop.url, locale);
  const page = await context.newPage();
  await signInBeforehand(page);
  const { checkout_url } = await openPurchase(page, 'credits_10');
  await page.goto(checkout_url);
  await mails(page, mailbox, 1);
  const customer = await context.storageState();
  await context.close();
  const legal = ['imprint', 'terms', 'privacy', 'withdrawal'];
  return [
    {
      session: NOBODY,
      stops: [
        { name: 'shop, signed out', path: '/' },
        { name: 'sign in', path: '/signin' },
        { name: 'sign in, refused', path: '/signin', then: signInWrongly },
        { name: 'sign up', path: '/signup' },
        { name: 'sign up, refused', path: '/signup', then: signInWrongly },
        ...legal.map((name) => ({ name: `legal, ${name}`, path: `/legal/${name}` })),
        { name: 'withdraw', path: '/withdraw' },
        { name: 'withdraw, incomplete', path: '/withdraw', then: (page) => withdraw(page, ' ') },
        { name: 'withdraw, unclear', path: '/withdraw', then: (page) => withdraw(page, 'a contract from yesterday') },
        { name: 'not found', path: '/nowhere' },
        { name: 'components', path: '/dev/components' },
        { name: 'mailbox', path: mailbox },
        { name: 'mail, confirmation', path: `${mailbox}/1` },
        { name: 'mail, acknowledgement', path: `${mailbox}/2`, before: (page) => mails(page, mailbox, 2) },
      ],
    },
    { session: customer, stops: [{ name: 'shop, mock mode', path: '/' }, order()] },
  ];
}

/** The pages of customers, in every state of a purchase. */
export async function customerTour(browser: Browser, baseURL: string, locale: string, stripe: Stripe): Promise<Leg[]> {
  const signedUp = async (account: typeof BUYER) => {
    const context = await visitor(browser, baseURL, locale);
    const page = await context.newPage();
    await signUp(page, account);
    return { context, page };
  };
  const newcomer = await signedUp(NEWCOMER);
  const customer = await signedUp(BUYER);

  const inTurn = async (product: string, ...steps: string[]) => {
    const { purchase_id, session_id } = await openPurchase(customer.page, product);
    for (const step of steps) {
      await stripe.tell(`/sessions/${session_id}/${step}`, step === 'settle' ? { succeeded: false } : {});
      await stripe.deliveries();
    }
    return { success: `/checkout/success?session_id=${session_id}`, session_id, receipt: `/purchases/${purchase_id}`, purchase_id };
  };
  const paid = await inTurn('credits_10', 'pay');
  const partly = await inTurn('credits_5', 'pay');
  await stripe.tell('/refunds', { session: partly.session_id, amount: 280 });
  const refunded = await inTurn('iza_pass', 'pay');
  await stripe.tell('/refunds', { session: refunded.session_id });
  const disputed = await inTurn('credits_1', 'pay');
  await stripe.tell('/disputes', { session: disputed.session_id });
  await stripe.deliveries();
  const failed = await inTurn('credits_5', 'pay_later', 'settle');
  const discarded = await inTurn('credits_1');
  await customer.page.request.post('/api/discard_purchase', { form: { purchase_id: discarded.purchase_id } });
  const processing = await inTurn('credits_5', 'pay_later');
  const open = await inTurn('credits_1');
  const late = await inTurn('credits_1', 'pay');

  const cancel = ({ purchase_id }: { purchase_id: string }) => `/checkout/cancel?purchase_id=${purchase_id}`;
  const legs = [
    {
      session: await newcomer.context.storageState(),
      stops: [
        { name: 'shop, empty', path: '/' },
        { name: 'account, empty', path: '/account' },
      ],
    },
    {
      session: await customer.context.storageState(),
      stops: [
        { name: 'shop', path: '/' },
        order(),
        order('consent_missing'),
        order('provider_unavailable'),
        { name: 'order, of nothing', path: '/?buy=nothing' },
        { name: 'success, paid', path: paid.success },
        { name: 'success, unpaid', path: open.success },
        { name: 'success, processing', path: processing.success },
        { name: 'success, failed', path: failed.success },
        { name: 'success, refunded', path: refunded.success },
        { name: 'success, of nothing', path: '/checkout/success?session_id=cs_test_nothing' },
        { name: 'cancel, open', path: cancel(open) },
        { name: 'cancel, processing', path: cancel(processing) },
        { name: 'cancel, paid', path: cancel(paid) },
        { name: 'cancel, discarded', path: cancel(discarded) },
        { name: 'receipt', path: paid.receipt },
        { name: 'receipt, partly refunded', path: partly.receipt },
        { name: 'receipt, refunded', path: refunded.receipt },
        { name: 'receipt, disputed', path: disputed.receipt },
        { name: 'receipt, unpaid', path: open.receipt },
        { name: 'receipt, of nothing', path: '/purchases/x' },
        { name: 'account', path: '/account' },
        { name: 'withdraw, filled in', path: `/withdraw?purchase=${late.purchase_id}` },
        { name: 'withdraw, answered', path: '/withdraw', then: (page: Page) => withdraw(page, late.purchase_id) },
        {
          name: 'connection lost',
          path: '/',
          before: (page: Page) => page.route(/\/billing\/balance|\/api\/current_balance/, (route) => route.abort('connectionrefused')),
          then: async (page: Page) => {
            await expect(page.locator('.connection-lost')).toBeVisible();
            await page.unrouteAll();
          },
        },
      ],
    },
  ];
  for (const { context } of [newcomer, customer]) await context.close();
  return legs;
}
