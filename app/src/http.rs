//! The HTTP edge: routes by area, problem documents, who is calling, pages of lists.

pub mod accounts;
pub mod admin;
pub mod auth;
pub mod client;
pub mod description;
pub mod distribution;
pub mod docs;
pub mod health;
mod keyed;
pub mod licences;
pub mod metrics;
pub mod middleware;
pub mod onboarding;
pub mod orders;
pub mod page;
pub mod pages;
pub mod products;
pub mod router;
pub mod seller;
pub mod server;
pub mod subscriptions;
pub mod tags;
pub mod views;
pub mod visitor;
pub mod webhooks;
