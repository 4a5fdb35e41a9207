#!/usr/bin/env bash
# Starts nginx with the configuration beside this file, and shows an event accepted. Nothing is left behind.
source "$(dirname "$0")/../mirror.sh"
configured "$(dirname "$0")/amazon-dsp-events.conf" >"$work/amazon-dsp-events.conf"
cat >"$work/nginx.conf" <<CONF
daemon off;
master_process off;
pid $work/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    include $work/amazon-dsp-events.conf;
}
CONF
"${NGINX:-nginx}" -p "$work" -c "$work/nginx.conf" -e "$work/nginx.log" &
pids+=($!)
prove
