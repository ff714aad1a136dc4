//! Scenarios as data: what people do, to Kubernetes and past it, and what must be true in the end. Every scenario of
//! `lifecycle` is run clean once, and then again with every fault at every effect. The situations of design.md §9 are
//! stories of their own.

mod access;
mod actions;
mod clusters;
mod cost;
mod definitions;
mod leadership;
mod lifecycle;
mod newcomers;
mod objects;
mod observation;
mod orders;
mod outage;
mod ownership;
mod places;
mod policies;
mod quiet;
mod references;
mod removals;
mod rollouts;
mod run;
mod story;
mod tenancy;
