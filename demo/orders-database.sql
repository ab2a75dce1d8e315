-- The database of orders, with what Sallyport needs in it (lambdas/minting/connectors/postgres/README.md).

CREATE ROLE orders_owner NOLOGIN;
CREATE SCHEMA orders AUTHORIZATION orders_owner;
SET ROLE orders_owner;
CREATE TABLE orders.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item text NOT NULL,
  placed_by text NOT NULL DEFAULT current_user
);
CREATE TABLE orders.payments (order_id bigint REFERENCES orders.orders, iban text NOT NULL);
INSERT INTO orders.orders (item) VALUES ('a lantern'), ('two ropes');
RESET ROLE;

-- What a permission is: a role that nobody logs in as.
CREATE ROLE orders_reader NOLOGIN;
CREATE ROLE orders_writer NOLOGIN;
CREATE ROLE orders_migrator NOLOGIN;
GRANT USAGE ON SCHEMA orders TO orders_reader, orders_writer, orders_migrator;
GRANT SELECT ON orders.orders TO orders_reader;
GRANT INSERT, UPDATE ON orders.orders TO orders_writer;
GRANT CREATE ON SCHEMA orders TO orders_migrator;

-- Who owns afterwards what a grant's role has made: it may do nothing else.
CREATE ROLE orders_leftovers NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA orders TO orders_leftovers;

-- A role of this server enters this database where it was permitted to, and no other.
REVOKE CONNECT ON DATABASE orders, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE orders TO orders_reader, orders_writer, orders_migrator;

-- Who is no grantee: what serves the shop, and what makes its reports. Sallyport rotates their passwords.
CREATE ROLE orders_app LOGIN IN ROLE orders_reader, orders_writer;
CREATE ROLE orders_reports LOGIN IN ROLE orders_reader;

-- Sallyport's administrator: no superuser, makes roles, and hands out these and no others.
CREATE ROLE sallyport LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION PASSWORD :password;
GRANT CONNECT ON DATABASE orders TO sallyport;
GRANT orders_reader, orders_writer, orders_migrator TO sallyport WITH ADMIN OPTION;
GRANT orders_leftovers TO sallyport;
GRANT orders_app, orders_reports TO sallyport WITH ADMIN OPTION;
