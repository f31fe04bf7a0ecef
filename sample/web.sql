-- What the two web APIs know, in SQLite. A record is as the API shows it; the story is what it
-- will come to.
create table if not exists settings (name text primary key, value text not null);  -- noqa: RF04
create table if not exists posts (
    id text primary key, updated_at text not null, record text not null,
    story text not null, ends_at text not null
);
create table if not exists tickets (
    id integer primary key, updated_at text not null, record text not null,
    story text not null, ends_at text not null
);
create index if not exists posts_updated on posts (updated_at, id);
create index if not exists tickets_updated on tickets (updated_at, id);
-- What the web shop's topic has, by its place there; without one until the broker has it.
create table if not exists shop_events (
    place integer unique, received_at text not null, message text not null
);
-- What the sensors' topic has, likewise.
create table if not exists sensor_readings (
    place integer unique, received_at text not null, message text not null
);
