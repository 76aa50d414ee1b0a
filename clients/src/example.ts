/** How to use the client: each step of a sale, with what may be refused. `test/sale.test.ts` runs it against a real server. */
import {
  becomeCreator,
  createOrder,
  createProduct,
  getOrder,
  login,
  publishProduct,
  refundOrder,
  register,
  startOnboarding,
  subscribe,
  verifyEmail,
  type OrderView,
  type PaymentView,
  type Problem,
  type Product,
  type RefundView,
} from './index';

/** Veza said no. `problem.code` is a stable word to decide by. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
  }
}

export type Credentials = { email: string; username: string; password: string };

/** Opens an account. Its address has to be proven before the first login, by the token in the mail. */
export async function openAccount(credentials: Credentials): Promise<void> {
  const answer = await register(credentials);
  if (answer.status !== 201) {
    throw new Refused(answer.data);
  }
}

/** Proves the address and signs in; gives the access token. */
export async function signIn({ email, password }: Credentials, tokenOfTheMail: string): Promise<string> {
  const proven = await verifyEmail(undefined, { 'X-Verify-Token': tokenOfTheMail });
  if (proven.status !== 200) {
    throw new Refused(proven.data);
  }
  const answer = await login({ email, password });
  if (answer.status !== 200) {
    throw new Refused(answer.data);
  }
  return answer.data.access_token;
}

/** Becomes a seller, trying a plan that may sell; gives the payout provider's page, where the seller goes on. */
export async function startSelling(): Promise<string> {
  const creator = await becomeCreator();
  if (creator.status !== 200) {
    throw new Refused(creator.data);
  }
  const plan = await subscribe({ plan: 'premium', cycle: 'monthly' });
  if (plan.status !== 201 && plan.status !== 200) {
    throw new Refused(plan.data);
  }
  const onboarding = await startOnboarding();
  if (onboarding.status !== 200) {
    throw new Refused(onboarding.data);
  }
  return onboarding.data.url;
}

/** Puts a track up for sale. `cents` are minor units: 1500 is 15.00. */
export async function sell(title: string, cents: number, currency: string): Promise<Product> {
  const draft = await createProduct({ kind: 'track', title, price: { amount: cents, currency } });
  if (draft.status !== 201) {
    throw new Refused(draft.data);
  }
  const published = await publishProduct(draft.data.id);
  if (published.status !== 200) {
    throw new Refused(published.data);
  }
  return published.data;
}

/**
 * Places an order. With the same `key` it may be repeated after a lost answer: there is one order, and one payment.
 * The payment is null when there is nothing to pay, or while the payment provider can't be reached: ask for the order again.
 */
export async function buy(productId: string, key: string): Promise<{ orderId: string; payment: PaymentView | null }> {
  const placed = await createOrder({ items: [{ product_id: productId }] }, { 'Idempotency-Key': key });
  if (placed.status === 201) {
    return { orderId: placed.data.order.id, payment: placed.data.payment ?? null };
  }
  if (placed.status === 503 && placed.data.code === 'payment_provider_unavailable' && placed.data.order_id !== undefined) {
    return { orderId: placed.data.order_id, payment: null };
  }
  throw new Refused(placed.data);
}

/** An order of mine as it stands. */
export async function look(orderId: string): Promise<OrderView> {
  const answer = await getOrder(orderId);
  if (answer.status !== 200) {
    throw new Refused(answer.data);
  }
  return answer.data;
}

/** Asks for a refund of all that is left; it is done when the payment provider says so. */
export async function giveBack(orderId: string, reason: string): Promise<RefundView> {
  const answer = await refundOrder(orderId, { reason });
  if (answer.status !== 202) {
    throw new Refused(answer.data);
  }
  return answer.data.refund;
}
