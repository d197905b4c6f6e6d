drop table lockstep_verify;
