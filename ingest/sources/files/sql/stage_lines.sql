create temporary table staged (like {table}) on commit drop
