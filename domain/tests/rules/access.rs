//! Who may do what, as one table (spec/04-identity, spec/01-money §4).

use crate::support::*;
use veza_domain::access::{Actor, MayNotSell, may_be_paid, may_sell};
use veza_domain::identity::{Role, Roles};
use veza_domain::ids::UserId;
use veza_domain::subscription::gate::Denied;

/// Creators have no rights over other people's orders and products.
fn creator(id: UserId) -> Actor {
    Actor::User { id, roles: Roles::user().with(Role::Creator) }
}

#[test]
fn every_permission_is_this_table() {
    let file = checkout(&[(1, 1000), (2, 500)], 1_000);
    let (order, lines) = (&file.order, &file.lines);
    #[rustfmt::skip] // a table to be read
    //                                               order  refunds line 1 line 2 product of seller 1
    let table = [
        ("buyer", user(buyer()),                     [true,  true,  true,  true,  false]),
        ("seller of line 1", creator(seller(1)),     [false, true,  true,  false, true]),
        ("seller of line 2", creator(seller(2)),     [false, true,  false, true,  false]),
        ("seller without the role", user(seller(1)), [false, true,  true,  false, true]),
        ("another seller", creator(seller(3)),       [false, false, false, false, false]),
        ("stranger", user(stranger()),               [false, false, false, false, false]),
        ("admin", admin(),                           [true,  true,  true,  true,  true]),
        ("system", Actor::System,                    [true,  true,  true,  true,  true]),
    ];
    for (name, actor, expected) in table {
        let may = [
            actor.may_see_order(order),
            actor.may_see_refunds(order, lines),
            actor.may_refund_line(order, &lines[0]),
            actor.may_refund_line(order, &lines[1]),
            actor.may_edit_product(seller(1)),
        ];
        assert_eq!(may, expected, "{name}");
    }
}

#[test]
fn only_a_creator_may_sell() {
    for bits in 0..8 {
        let roles = Roles::from_bits(bits);
        let expected = if roles.has(Role::Creator) { Ok(()) } else { Err(MayNotSell::NotACreator) };
        assert_eq!(may_be_paid(roles), expected, "{:?}", roles.iter().collect::<Vec<_>>());
        assert_eq!(may_sell(roles, Ok(())), expected, "{:?}", roles.iter().collect::<Vec<_>>());
    }
    let creator = Roles::user().with(Role::Creator);
    assert_eq!(may_sell(creator, Err(Denied::CompletePayment)), Err(MayNotSell::Plan(Denied::CompletePayment)), "the plan has to be paid");
    assert_eq!(may_sell(Roles::user(), Ok(())), Err(MayNotSell::NotACreator));
    assert_eq!(may_sell(Roles::user().with(Role::Admin), Ok(())), Err(MayNotSell::NotACreator), "an admin sells as anybody else does");
}

#[test]
fn the_system_is_nobody() {
    assert_eq!(Actor::System.user_id(), None);
    assert_eq!(user(buyer()).user_id(), Some(buyer()));
    assert!(Actor::System.is_admin() && admin().is_admin() && !user(buyer()).is_admin());
}
