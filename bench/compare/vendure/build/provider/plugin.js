"use strict";
var __decorate = (this && this.__decorate) || function (decorators, target, key, desc) {
    var c = arguments.length, r = c < 3 ? target : desc === null ? desc = Object.getOwnPropertyDescriptor(target, key) : desc, d;
    if (typeof Reflect === "object" && typeof Reflect.decorate === "function") r = Reflect.decorate(decorators, target, key, desc);
    else for (var i = decorators.length - 1; i >= 0; i--) if (d = decorators[i]) r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
    return c > 3 && r && Object.defineProperty(target, key, r), r;
};
var ProviderPlugin_1;
Object.defineProperty(exports, "__esModule", { value: true });
exports.ProviderPlugin = void 0;
/** The payment provider as a plugin, in the shape of the official Stripe plugin. */
const core_1 = require("@vendure/core");
const graphql_tag_1 = require("graphql-tag");
const client_1 = require("./client");
const controller_1 = require("./controller");
const handler_1 = require("./handler");
const options_1 = require("./options");
const resolver_1 = require("./resolver");
let ProviderPlugin = class ProviderPlugin {
    static { ProviderPlugin_1 = this; }
    static options;
    static init(options) {
        this.options = options;
        return ProviderPlugin_1;
    }
};
exports.ProviderPlugin = ProviderPlugin;
exports.ProviderPlugin = ProviderPlugin = ProviderPlugin_1 = __decorate([
    (0, core_1.VendurePlugin)({
        imports: [core_1.PluginCommonModule],
        controllers: [controller_1.ProviderController],
        providers: [
            { provide: options_1.OPTIONS, useFactory: () => ProviderPlugin.options },
            { provide: client_1.Provider, useFactory: ({ url, apiKey }) => new client_1.Provider(url, apiKey), inject: [options_1.OPTIONS] },
        ],
        configuration: config => {
            config.paymentOptions.paymentMethodHandlers.push(handler_1.providerHandler);
            return config;
        },
        shopApiExtensions: {
            schema: (0, graphql_tag_1.gql) `
            type PaymentIntent {
                orderId: ID!
                paymentId: String!
                clientSecret: String!
            }
            extend type Mutation {
                createPaymentIntent: PaymentIntent!
            }
        `,
            resolvers: [resolver_1.ProviderResolver],
        },
        compatibility: '^3.0.0',
    })
], ProviderPlugin);
