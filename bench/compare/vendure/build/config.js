"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.config = void 0;
/** The shop's configuration; every line that is not Vendure's default says why. */
const core_1 = require("@vendure/core");
const express_1 = require("express");
const plugin_1 = require("./provider/plugin");
const setting = (name) => {
    const value = process.env[name];
    if (!value)
        throw new Error(`${name} is not set`);
    return value;
};
exports.config = {
    apiOptions: {
        hostname: '127.0.0.1',
        port: Number(setting('PORT')),
        adminApiPath: 'admin-api',
        shopApiPath: 'shop-api',
        // A webhook's signature is over its bytes.
        middleware: [{ route: '/payments/provider', beforeListen: true, handler: (0, express_1.raw)({ type: '*/*' }) }],
    },
    authOptions: {
        tokenMethod: 'bearer',
        superadminCredentials: { identifier: 'superadmin', password: setting('SUPERADMIN_PASSWORD') },
    },
    dbConnectionOptions: {
        type: 'better-sqlite3',
        database: setting('DATABASE'),
        // TypeORM's option for speed; Vendure's own templates leave it off.
        enableWAL: true,
        synchronize: process.env.SYNCHRONIZE === 'true',
        logging: false,
    },
    // Logging off, but for what has gone wrong.
    logger: new core_1.DefaultLogger({ level: core_1.LogLevel.Error, timestamp: false }),
    orderOptions: {
        // Digital goods: nothing to ship, nothing to run out of.
        process: [(0, core_1.configureDefaultOrderProcess)({ arrangingPaymentRequiresShipping: false, arrangingPaymentRequiresStock: false })],
        orderItemsLimit: 100_000,
    },
    paymentOptions: { paymentMethodHandlers: [core_1.dummyPaymentHandler] },
    plugins: [
        core_1.DefaultSearchPlugin.init({ bufferUpdates: false }),
        core_1.DefaultJobQueuePlugin.init({}),
        plugin_1.ProviderPlugin.init({
            url: setting('PROVIDER_URL'),
            apiKey: setting('PROVIDER_API_KEY'),
            webhookSecret: setting('PROVIDER_WEBHOOK_SECRET'),
        }),
    ],
};
