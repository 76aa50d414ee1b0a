/** The shop's configuration; every line that is not Vendure's default says why. */
import {
    configureDefaultOrderProcess,
    DefaultJobQueuePlugin,
    DefaultLogger,
    DefaultSearchPlugin,
    dummyPaymentHandler,
    LogLevel,
    VendureConfig,
} from '@vendure/core';
import { raw } from 'express';
import { ProviderPlugin } from './provider/plugin';

const setting = (name: string): string => {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set`);
    return value;
};

export const config: VendureConfig = {
    apiOptions: {
        hostname: '127.0.0.1',
        port: Number(setting('PORT')),
        adminApiPath: 'admin-api',
        shopApiPath: 'shop-api',
        // A webhook's signature is over its bytes.
        middleware: [{ route: '/payments/provider', beforeListen: true, handler: raw({ type: '*/*' }) }],
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
    logger: new DefaultLogger({ level: LogLevel.Error, timestamp: false }),
    orderOptions: {
        // Digital goods: nothing to ship, nothing to run out of.
        process: [configureDefaultOrderProcess({ arrangingPaymentRequiresShipping: false, arrangingPaymentRequiresStock: false })],
        orderItemsLimit: 100_000,
    },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    plugins: [
        DefaultSearchPlugin.init({ bufferUpdates: false }),
        DefaultJobQueuePlugin.init({}),
        ProviderPlugin.init({
            url: setting('PROVIDER_URL'),
            apiKey: setting('PROVIDER_API_KEY'),
            webhookSecret: setting('PROVIDER_WEBHOOK_SECRET'),
        }),
    ],
};
