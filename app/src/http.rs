//! The HTTP edge: routes by area, problem documents, who is calling, pages of lists.

pub mod admin;
pub mod auth;
pub mod licences;
pub mod page;
pub mod problem;
pub mod products;
pub mod seller;
pub mod tags;
pub mod views;
pub mod visitor;
