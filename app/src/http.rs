//! The HTTP edge: routes by area, problem documents, who is calling, pages of lists.

pub mod admin;
pub mod auth;
pub mod client;
pub mod licences;
pub mod onboarding;
pub mod orders;
pub mod page;
pub mod problem;
pub mod products;
pub mod seller;
pub mod tags;
pub mod views;
pub mod visitor;
pub mod webhooks;
