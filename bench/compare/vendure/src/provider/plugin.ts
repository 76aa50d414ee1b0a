/** The payment provider as a plugin, in the shape of the official Stripe plugin. */
import { PluginCommonModule, Type, VendurePlugin } from '@vendure/core';
import { gql } from 'graphql-tag';
import { Provider } from './client';
import { ProviderController } from './controller';
import { providerHandler } from './handler';
import { OPTIONS, Options } from './options';
import { ProviderResolver } from './resolver';

@VendurePlugin({
    imports: [PluginCommonModule],
    controllers: [ProviderController],
    providers: [
        { provide: OPTIONS, useFactory: () => ProviderPlugin.options },
        { provide: Provider, useFactory: ({ url, apiKey }: Options) => new Provider(url, apiKey), inject: [OPTIONS] },
    ],
    configuration: config => {
        config.paymentOptions.paymentMethodHandlers.push(providerHandler);
        return config;
    },
    shopApiExtensions: {
        schema: gql`
            type PaymentIntent {
                orderId: ID!
                paymentId: String!
                clientSecret: String!
            }
            extend type Mutation {
                createPaymentIntent: PaymentIntent!
            }
        `,
        resolvers: [ProviderResolver],
    },
    compatibility: '^3.0.0',
})
export class ProviderPlugin {
    static options: Options;

    static init(options: Options): Type<ProviderPlugin> {
        this.options = options;
        return ProviderPlugin;
    }
}
