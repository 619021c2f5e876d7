"""How gunicorn serves the application. SIGTERM stops it in order: requests under way are finished first."""

import os

from {{ cookiecutter.package_name }}.app import log_to_stdout

wsgi_app = "{{ cookiecutter.package_name }}.app:create_app()"
bind = f"0.0.0.0:{os.environ.get('PORT', '{{ cookiecutter.port }}')}"
worker_class = "gthread"
workers = int(os.environ.get("WORKERS", "2"))
threads = int(os.environ.get("THREADS", "4"))
graceful_timeout = 20  # below the 30 seconds that Kubernetes grants
keepalive = 65  # above the idle time-out of the usual load balancers
worker_tmp_dir = "/dev/shm"  # the heartbeat file must not wait for a disk


def post_worker_init(worker):
    log_to_stdout()
