"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.providerHandler = exports.HANDLER_CODE = void 0;
/** The payment method: like that of the official Stripe plugin, with the provider's calls instead of Stripe's. */
const core_1 = require("@vendure/core");
const client_1 = require("./client");
exports.HANDLER_CODE = 'provider';
let provider;
exports.providerHandler = new core_1.PaymentMethodHandler({
    code: exports.HANDLER_CODE,
    description: [{ languageCode: core_1.LanguageCode.en, value: 'Payments at a provider, confirmed by its webhook' }],
    args: {},
    init(injector) {
        provider = injector.get(client_1.Provider);
    },
    /** The money is there by the time the webhook's controller adds the payment to the order. */
    createPayment(ctx, _order, _amount, _args, metadata) {
        if (ctx.apiType !== 'admin')
            throw Error(`CreatePayment is not allowed for apiType '${ctx.apiType}'`);
        return { amount: metadata.amountReceived, state: 'Settled', transactionId: metadata.paymentId, metadata };
    },
    settlePayment() {
        return { success: true };
    },
    async createRefund(_ctx, _input, amount, _order, payment) {
        try {
            const refund = await provider.refund(payment.transactionId, amount);
            const state = { succeeded: 'Settled', pending: 'Pending' }[refund.status] ?? 'Failed';
            return { state: state, transactionId: payment.transactionId };
        }
        catch (error) {
            // The official plugin takes every error of Stripe's library for a refund that has failed, a lost answer too.
            if (error instanceof client_1.Refused || error instanceof client_1.Unreachable) {
                return { state: 'Failed', transactionId: payment.transactionId, metadata: { message: error.message } };
            }
            throw error;
        }
    },
});
