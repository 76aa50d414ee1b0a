/** The payment method: like that of the official Stripe plugin, with the provider's calls instead of Stripe's. */
import { Injector, LanguageCode, PaymentMethodHandler } from '@vendure/core';
import { Provider, Refused, Unreachable } from './client';

export const HANDLER_CODE = 'provider';

let provider: Provider;

export const providerHandler = new PaymentMethodHandler({
    code: HANDLER_CODE,
    description: [{ languageCode: LanguageCode.en, value: 'Payments at a provider, confirmed by its webhook' }],
    args: {},
    init(injector: Injector) {
        provider = injector.get(Provider);
    },
    /** The money is there by the time the webhook's controller adds the payment to the order. */
    createPayment(ctx, _order, _amount, _args, metadata) {
        if (ctx.apiType !== 'admin') throw Error(`CreatePayment is not allowed for apiType '${ctx.apiType}'`);
        return { amount: metadata.amountReceived, state: 'Settled', transactionId: metadata.paymentId, metadata };
    },
    settlePayment() {
        return { success: true };
    },
    async createRefund(_ctx, _input, amount, _order, payment) {
        try {
            const refund = await provider.refund(payment.transactionId, amount);
            const state = { succeeded: 'Settled', pending: 'Pending' }[refund.status] ?? 'Failed';
            return { state: state as 'Settled' | 'Pending' | 'Failed', transactionId: payment.transactionId };
        } catch (error) {
            // The official plugin takes every error of Stripe's library for a refund that has failed, a lost answer too.
            if (error instanceof Refused || error instanceof Unreachable) {
                return { state: 'Failed' as const, transactionId: payment.transactionId, metadata: { message: error.message } };
            }
            throw error;
        }
    },
});
