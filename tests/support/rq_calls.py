# SPDX-License-Identifier: Apache-2.0
"""Run by the Python that has the wanted RQ: rq_calls.py VERB REDIS-URL JSON. Prints JSON."""

import datetime
import json
import os
import sys
import time
import uuid

import redis
import rq
from rq.job import Job
from rq.suspension import resume, suspend


def work(connection, queues, burst, slow_fork):
    if slow_fork:  # as on a busy machine
        os.register_at_fork(after_in_child=lambda: time.sleep(slow_fork))
    queues = [rq.Queue(name, connection=connection) for name in queues]
    # A random name, as Frappe gives its workers.
    rq.Worker(queues, name=uuid.uuid4().hex, connection=connection).work(
        burst=burst, logging_level="INFO")


def enqueue(connection, queue, function, arguments, options):
    queue = rq.Queue(queue, connection=connection)
    if options.pop("retry", None):
        options["retry"] = rq.Retry(max=1)
    delay = options.pop("delay", None)
    if delay:
        return queue.enqueue_in(datetime.timedelta(seconds=delay), function, *arguments).id
    return queue.enqueue_call(function, args=arguments, result_ttl=600, failure_ttl=604800,
                              **options).id


def delete(connection, job):
    Job.fetch(job, connection=connection).delete()


VERBS = {"work": work, "enqueue": enqueue, "delete": delete,
         "suspend": suspend, "resume": resume}

if __name__ == "__main__":
    verb, url, parameters = sys.argv[1:]
    answer = VERBS[verb](redis.Redis.from_url(url), **json.loads(parameters))
    print(json.dumps(answer if isinstance(answer, str) else None))
