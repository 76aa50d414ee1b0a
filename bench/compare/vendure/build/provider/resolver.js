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
exports.ProviderResolver = void 0;
/** `createPaymentIntent`: opens the payment of the active order, as `createStripePaymentIntent` does. */
const graphql_1 = require("@nestjs/graphql");
const core_1 = require("@vendure/core");
const client_1 = require("./client");
let ProviderResolver = class ProviderResolver {
    activeOrders;
    provider;
    constructor(activeOrders, provider) {
        this.activeOrders = activeOrders;
        this.provider = provider;
    }
    async createPaymentIntent(ctx) {
        if (!ctx.authorizedAsOwnerOnly)
            throw new core_1.UnauthorizedError();
        const order = await this.activeOrders.getActiveOrder(ctx, undefined);
        if (!order)
            throw new core_1.UserInputError('No active order found for session');
        const intent = await this.provider.openIntent(`${order.code}_${order.totalWithTax}`, order.totalWithTax, order.currencyCode, {
            channelToken: ctx.channel.token,
            orderId: String(order.id),
            orderCode: order.code,
            languageCode: ctx.languageCode,
        });
        return { orderId: order.id, paymentId: intent.payment_id, clientSecret: intent.client_secret };
    }
};
exports.ProviderResolver = ProviderResolver;
__decorate([
    (0, graphql_1.Mutation)(),
    (0, core_1.Allow)(core_1.Permission.Owner),
    __param(0, (0, core_1.Ctx)()),
    __metadata("design:type", Function),
    __metadata("design:paramtypes", [core_1.RequestContext]),
    __metadata("design:returntype", Promise)
], ProviderResolver.prototype, "createPaymentIntent", null);
exports.ProviderResolver = ProviderResolver = __decorate([
    (0, graphql_1.Resolver)(),
    __metadata("design:paramtypes", [core_1.ActiveOrderService,
        client_1.Provider])
], ProviderResolver);
