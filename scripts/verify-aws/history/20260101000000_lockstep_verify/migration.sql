create table lockstep_verify (id integer primary key);
