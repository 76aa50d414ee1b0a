/** `createPaymentIntent`: opens the payment of the active order, as `createStripePaymentIntent` does. */
import { Mutation, Resolver } from '@nestjs/graphql';
import { ActiveOrderService, Allow, Ctx, Permission, RequestContext, UnauthorizedError, UserInputError } from '@vendure/core';
import { Provider } from './client';

@Resolver()
export class ProviderResolver {
    constructor(
        private readonly activeOrders: ActiveOrderService,
        private readonly provider: Provider,
    ) {}

    @Mutation()
    @Allow(Permission.Owner)
    async createPaymentIntent(@Ctx() ctx: RequestContext): Promise<object> {
        if (!ctx.authorizedAsOwnerOnly) throw new UnauthorizedError();
        const order = await this.activeOrders.getActiveOrder(ctx, undefined);
        if (!order) throw new UserInputError('No active order found for session');
        const intent = await this.provider.openIntent(`${order.code}_${order.totalWithTax}`, order.totalWithTax, order.currencyCode, {
            channelToken: ctx.channel.token,
            orderId: String(order.id),
            orderCode: order.code,
            languageCode: ctx.languageCode,
        });
        return { orderId: order.id, paymentId: intent.payment_id, clientSecret: intent.client_secret };
    }
}
