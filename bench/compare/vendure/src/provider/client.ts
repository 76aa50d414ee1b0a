/**
 * Calls of the payment provider: Hyperswitch's wire format, Stripe's manners.
 *
 * Does what Stripe's Node library does for the official plugin (stripe 13, which that plugin asks for): every POST has a key of its
 * own, a call that gets no answer, a 409 or a 5xx is made once more with the same key, and a repeat finds what the first call made.
 * Hyperswitch has no answers by key; the ids that its merchant chooses are the keys, and a duplicate is read back.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** `maxNetworkRetries` of stripe 13, where nobody sets another. */
const RETRIES_MAX = 1;
/** Its first pause. */
const PAUSE_MS = 500;
/** Hyperswitch: the id is taken. */
const DUPLICATE = 'HE_01';

export interface Intent {
    payment_id: string;
    client_secret: string;
    status: string;
    amount: number;
}

export interface ProviderRefund {
    refund_id: string;
    status: string;
    amount: number;
    error_message?: string | null;
}

/** The provider's own word that it will not. */
export class Refused extends Error {
    constructor(readonly code: string, message: string) {
        super(message);
    }
}

/** No word from the provider. */
export class Unreachable extends Error {}

export class Provider {
    constructor(
        private readonly url: string,
        private readonly apiKey: string,
    ) {}

    /** Opens a payment under an id of the caller's choice; the same id again gives the same payment. */
    async openIntent(id: string, amount: number, currency: string, metadata: Record<string, string>): Promise<Intent> {
        return this.create('/payments', `/payments/${id}`, { payment_id: id, amount, currency, confirm: false, metadata });
    }

    /** A refund under a key that is drawn for this call, as Stripe's library does it. */
    async refund(paymentId: string, amount: number): Promise<ProviderRefund> {
        const id = randomUUID();
        return this.create('/refunds', `/refunds/${id}`, { refund_id: id, payment_id: paymentId, amount });
    }

    private async create<T>(path: string, found: string, body: object): Promise<T> {
        try {
            return await this.call<T>('POST', path, body);
        } catch (error) {
            if (error instanceof Refused && error.code === DUPLICATE) return this.call<T>('GET', found);
            throw error;
        }
    }

    private async call<T>(method: string, path: string, body?: object): Promise<T> {
        for (let attempt = 0; ; attempt++) {
            const response = await this.send(method, path, body).catch(() => undefined);
            if (response && response.status !== 409 && response.status < 500) {
                const answer = await response.json();
                if (response.ok) return answer as T;
                const { code, message } = (answer as { error?: { code?: string; message?: string } }).error ?? {};
                throw new Refused(code ?? String(response.status), message ?? 'refused');
            }
            if (attempt >= RETRIES_MAX) throw new Unreachable('the payment provider does not answer');
            await sleep(PAUSE_MS);
        }
    }

    private send(method: string, path: string, body?: object): Promise<Response> {
        return fetch(this.url + path, {
            method,
            headers: { 'content-type': 'application/json', 'api-key': this.apiKey },
            body: body && JSON.stringify(body),
        });
    }
}
