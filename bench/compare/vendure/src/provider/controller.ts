/** The provider's webhook, step by step as the official Stripe plugin handles its own. */
import { Controller, Headers, HttpStatus, Inject, Post, Req, Res } from '@nestjs/common';
import {
    InternalServerError,
    Logger,
    Order,
    OrderService,
    OrderStateTransitionError,
    PaymentMethodService,
    RequestContextService,
    TransactionalConnection,
} from '@vendure/core';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HANDLER_CODE } from './handler';
import { OPTIONS, Options } from './options';

const LOG = 'Provider';

@Controller('payments')
export class ProviderController {
    constructor(
        @Inject(OPTIONS) private readonly options: Options,
        private readonly paymentMethods: PaymentMethodService,
        private readonly orders: OrderService,
        private readonly contexts: RequestContextService,
        private readonly connection: TransactionalConnection,
    ) {}

    @Post('provider')
    async webhook(@Headers('x-webhook-signature-512') signature: string | undefined, @Req() request: any, @Res() response: any): Promise<void> {
        if (!signature || !this.signed(request.body, signature)) {
            response.status(HttpStatus.BAD_REQUEST).send('Error verifying the signature');
            return;
        }
        const event = JSON.parse(request.body.toString());
        const payment = event.content?.object;
        const { channelToken, orderCode, orderId, languageCode } = payment?.metadata ?? {};
        if (event.event_type !== 'payment_succeeded' || !orderCode) {
            response.status(HttpStatus.OK).send('Ok');
            return;
        }
        const outer = await this.contexts.create({ apiType: 'admin', channelOrToken: channelToken, req: request, languageCode });
        await this.connection.withTransaction(outer, async ctx => {
            const order = await this.orders.findOneByCode(ctx, orderCode);
            if (!order) throw new Error(`Unable to find order ${orderCode}, unable to settle payment ${payment.payment_id}!`);
            if (order.state !== 'ArrangingPayment' && order.state !== 'ArrangingAdditionalPayment') {
                const moved = await this.orders.transitionToState(ctx, orderId, 'ArrangingPayment');
                if (moved instanceof OrderStateTransitionError) {
                    Logger.error(`Error transitioning order ${orderCode} to ArrangingPayment state: ${moved.message}`, LOG);
                    return;
                }
            }
            const method = (await this.paymentMethods.findAll(ctx)).items.find(m => m.handler.code === HANDLER_CODE);
            if (!method) throw new InternalServerError('Could not find the PaymentMethod');
            const added = await this.orders.addPaymentToOrder(ctx, orderId, {
                method: method.code,
                metadata: { amountReceived: payment.amount_received, paymentId: payment.payment_id },
            });
            if (!(added instanceof Order)) Logger.error(`Error adding payment to order ${orderCode}: ${added.message}`, LOG);
        });
        if (!response.headersSent) response.status(HttpStatus.OK).send('Ok');
    }

    private signed(body: Buffer, signature: string): boolean {
        const expected = createHmac('sha512', this.options.webhookSecret).update(body).digest();
        const given = Buffer.from(signature, 'hex');
        return given.length === expected.length && timingSafeEqual(given, expected);
    }
}
