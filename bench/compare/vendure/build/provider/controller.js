"use strict";
var __decorate = (this && this.__decorate) || function (decorators, target, key, desc) {
    var c = arguments.length, r = c < 3 ? target : desc === null ? desc = Object.getOwnPropertyDescriptor(target, key) : desc, d;
    if (typeof Reflect === "object" && typeof Reflect.decorate === "function") r = Reflect.decorate(decorators, target, key, desc);
    else for (var i = decorators.length - 1; i >= 0; i--) if (d = decorators[i]) r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
    return c > 3 && r && Object.defineProperty(target, key, r), r;
};
var __metadata = (this && this.__metadata) || function (k, v) {
    if (typeof Reflect === "object" && typeof Reflect.metadata === "function") return Reflect.metadata(k, v);
};
var __param = (this && this.__param) || function (paramIndex, decorator) {
    return function (target, key) { decorator(target, key, paramIndex); }
};
Object.defineProperty(exports, "__esModule", { value: true });
exports.ProviderController = void 0;
/** The provider's webhook, step by step as the official Stripe plugin handles its own. */
const common_1 = require("@nestjs/common");
const core_1 = require("@vendure/core");
const node_crypto_1 = require("node:crypto");
const handler_1 = require("./handler");
const options_1 = require("./options");
const LOG = 'Provider';
let ProviderController = class ProviderController {
    options;
    paymentMethods;
    orders;
    contexts;
    connection;
    constructor(options, paymentMethods, orders, contexts, connection) {
        this.options = options;
        this.paymentMethods = paymentMethods;
        this.orders = orders;
        this.contexts = contexts;
        this.connection = connection;
    }
    async webhook(signature, request, response) {
        if (!signature || !this.signed(request.body, signature)) {
            response.status(common_1.HttpStatus.BAD_REQUEST).send('Error verifying the signature');
            return;
        }
        const event = JSON.parse(request.body.toString());
        const payment = event.content?.object;
        const { channelToken, orderCode, orderId, languageCode } = payment?.metadata ?? {};
        if (event.event_type !== 'payment_succeeded' || !orderCode) {
            response.status(common_1.HttpStatus.OK).send('Ok');
            return;
        }
        const outer = await this.contexts.create({ apiType: 'admin', channelOrToken: channelToken, req: request, languageCode });
        await this.connection.withTransaction(outer, async (ctx) => {
            const order = await this.orders.findOneByCode(ctx, orderCode);
            if (!order)
                throw new Error(`Unable to find order ${orderCode}, unable to settle payment ${payment.payment_id}!`);
            if (order.state !== 'ArrangingPayment' && order.state !== 'ArrangingAdditionalPayment') {
                const moved = await this.orders.transitionToState(ctx, orderId, 'ArrangingPayment');
                if (moved instanceof core_1.OrderStateTransitionError) {
                    core_1.Logger.error(`Error transitioning order ${orderCode} to ArrangingPayment state: ${moved.message}`, LOG);
                    return;
                }
            }
            const method = (await this.paymentMethods.findAll(ctx)).items.find(m => m.handler.code === handler_1.HANDLER_CODE);
            if (!method)
                throw new core_1.InternalServerError('Could not find the PaymentMethod');
            const added = await this.orders.addPaymentToOrder(ctx, orderId, {
                method: method.code,
                metadata: { amountReceived: payment.amount_received, paymentId: payment.payment_id },
            });
            if (!(added instanceof core_1.Order))
                core_1.Logger.error(`Error adding payment to order ${orderCode}: ${added.message}`, LOG);
        });
        if (!response.headersSent)
            response.status(common_1.HttpStatus.OK).send('Ok');
    }
    signed(body, signature) {
        const expected = (0, node_crypto_1.createHmac)('sha512', this.options.webhookSecret).update(body).digest();
        const given = Buffer.from(signature, 'hex');
        return given.length === expected.length && (0, node_crypto_1.timingSafeEqual)(given, expected);
    }
};
exports.ProviderController = ProviderController;
__decorate([
    (0, common_1.Post)('provider'),
    __param(0, (0, common_1.Headers)('x-webhook-signature-512')),
    __param(1, (0, common_1.Req)()),
    __param(2, (0, common_1.Res)()),
    __metadata("design:type", Function),
    __metadata("design:paramtypes", [Object, Object, Object]),
    __metadata("design:returntype", Promise)
], ProviderController.prototype, "webhook", null);
exports.ProviderController = ProviderController = __decorate([
    (0, common_1.Controller)('payments'),
    __param(0, (0, common_1.Inject)(options_1.OPTIONS)),
    __metadata("design:paramtypes", [Object, core_1.PaymentMethodService,
        core_1.OrderService,
        core_1.RequestContextService,
        core_1.TransactionalConnection])
], ProviderController);
