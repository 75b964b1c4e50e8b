"""Many people forgotten in one generator: GUIDE, SUGAR and adapters on the same people, by all judges.

    python -m benchmarks.many_people_heads                            # fresh people, hours on two cores
    python -m benchmarks.many_people_heads --people 5 --draws 1 --rows GUIDE SUGAR
    python -m benchmarks.many_people_heads --settings guide/many_heads guide/many_heads:pairs.lambda_global=3

Ways to forget the same N people in one generator, each with its preset for the bundled model:

- `GUIDE`: extended to many people, as in SUGAR's paper;
- `SUGAR`, which trains the weights of the backbone;
- `SUGAR, one adapter`: its surrogates, pairs and elastic weights, but one adapter for all is trained;
- `LEGATO, composed`: an adapter for each person, trained without the others, as `one_person_heads.py` has it;
  then all of them one after the other in one generator;
- `random change`: the control. No training; each tensor moves at random, as far as GUIDE moved it.

All are measured on the same judges, places, photos and other people. Those of the first draw are the people
of `one_person_heads.py`, seeds from 10,000 on, whom no setting was chosen on. Each measured run is a line of
`results.jsonl`, and is not run again; `table.md` is written anew after each.

With `--settings` development people are forgotten instead, with a preset and, after a colon, the settings
that differ from it. Their lines go to `settings.jsonl`, and their table to `settings.md`.
"""
