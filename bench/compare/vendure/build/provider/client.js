"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Provider = exports.Unreachable = exports.Refused = void 0;
/**
 * Calls of the payment provider: Hyperswitch's wire format, Stripe's manners.
 *
 * Does what Stripe's Node library does for the official plugin (stripe 13, which that plugin asks for): every POST has a key of its
 * own, a call that gets no answer, a 409 or a 5xx is made once more with the same key, and a repeat finds what the first call made.
 * Hyperswitch has no answers by key; the ids that its merchant chooses are the keys, and a duplicate is read back.
 */
const node_crypto_1 = require("node:crypto");
const promises_1 = require("node:timers/promises");
/** `maxNetworkRetries` of stripe 13, where nobody sets another. */
const RETRIES_MAX = 1;
/** Its first pause. */
const PAUSE_MS = 500;
/** Hyperswitch: the id is taken. */
const DUPLICATE = 'HE_01';
/** The provider's own word that it will not. */
class Refused extends Error {
    code;
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}
exports.Refused = Refused;
/** No word from the provider. */
class Unreachable extends Error {
}
exports.Unreachable = Unreachable;
class Provider {
    url;
    apiKey;
    constructor(url, apiKey) {
        this.url = url;
        this.apiKey = apiKey;
    }
    /** Opens a payment under an id of the caller's choice; the same id again gives the same payment. */
    async openIntent(id, amount, currency, metadata) {
        return this.create('/payments', `/payments/${id}`, { payment_id: id, amount, currency, confirm: false, metadata });
    }
    /** A refund under a key that is drawn for this call, as Stripe's library does it. */
    async refund(paymentId, amount) {
        const id = (0, node_crypto_1.randomUUID)();
        return this.create('/refunds', `/refunds/${id}`, { refund_id: id, payment_id: paymentId, amount });
    }
    async create(path, found, body) {
        try {
            return await this.call('POST', path, body);
        }
        catch (error) {
            if (error instanceof Refused && error.code === DUPLICATE)
                return this.call('GET', found);
            throw error;
        }
    }
    async call(method, path, body) {
        for (let attempt = 0;; attempt++) {
            const response = await this.send(method, path, body).catch(() => undefined);
            if (response && response.status !== 409 && response.status < 500) {
                const answer = await response.json();
                if (response.ok)
                    return answer;
                const { code, message } = answer.error ?? {};
                throw new Refused(code ?? String(response.status), message ?? 'refused');
            }
            if (attempt >= RETRIES_MAX)
                throw new Unreachable('the payment provider does not answer');
            await (0, promises_1.setTimeout)(PAUSE_MS);
        }
    }
    send(method, path, body) {
        return fetch(this.url + path, {
            method,
            headers: { 'content-type': 'application/json', 'api-key': this.apiKey },
            body: body && JSON.stringify(body),
        });
    }
}
exports.Provider = Provider;
