#!/usr/bin/python3
"""An RTSP server with faults on demand, for the end-to-end tests. Run by the system's python3 (python3-gi, gst-rtsp-server).

    rtsp_server.py [--port P] [--mounts N] [--fps F,F…] [--auth none|basic|digest] [--user U --password W]
                   [--udp-only | --tcp-only] CLIP.264|CLIP.265 ...

Serves rtsp://127.0.0.1:P/m0 … each looping one raw H.264 or H.265 clip at one of the rates, in turn. First line on stdout:
`ready PORT`. Orders on stdin, one a line, each answered `ok <order>`: `freeze M` (packets stop, the connection stays) · `thaw M`
· `cut` (close every connection) · `remove M` (404 from now on) · `restore M` · `clients` (answered with the number of
connections). Ends at end of input.
"""

import argparse
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

_LAUNCH = (
    "( appsrc name=source is-live=true format=time block=false max-bytes=8000000 "
    "caps=video/x-{codec},stream-format=byte-stream,alignment=au "
    "! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
)


def codec_of(path):
    return "h265" if path.endswith(".265") else "h264"


def access_units(path):
    """The clip cut into access units, in order."""
    codec = codec_of(path)
    form = f"video/x-{codec},stream-format=byte-stream,alignment=au"
    line = f'filesrc location="{path}" ! {codec}parse ! {form} ! appsink name=out sync=false'
    pipeline = Gst.parse_launch(line)
    sink = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    units = []
    while (sample := sink.emit("try-pull-sample", 3 * Gst.SECOND)) is not None:
        buffer = sample.get_buffer()
        units.append(buffer.extract_dup(0, buffer.get_size()))
    pipeline.set_state(Gst.State.NULL)
    return units


class Mount(GstRtspServer.RTSPMediaFactory):
    """One looping clip, shared by its viewers, beginning on a key frame for the first of them."""

    def __init__(self, units, fps, codec):
        super().__init__()
        self.codec, self.fps = codec, fps
        self.units, self.step_ns, self.next, self.source, self.is_frozen = units, int(1e9 / fps), 0, None, False
        self.missed = self.began_ns = 0
        self.set_shared(True)
        self.set_latency(0)
        self.connect("media-configure", self.configured)

    def do_create_element(self, _url):
        return Gst.parse_launch(_LAUNCH.format(codec=self.codec))

    def configured(self, _factory, media):
        self.source, self.next = media.get_element().get_by_name_recurse_up("source"), 0
        self.missed = self.began_ns = 0
        media.connect("unprepared", self.unprepared)

    def unprepared(self, _media):
        self.source = None

    def push(self):
        if self.source is not None and not self.is_frozen:
            now_ns = time.monotonic_ns()
            self.began_ns = self.began_ns or now_ns
            # A camera's clock goes on while it is frozen or too busy; never ahead of the pipeline's own, which would wait.
            self.missed += max(0, (now_ns - self.began_ns) // self.step_ns - self.next - self.missed - 1)
            buffer = Gst.Buffer.new_wrapped(self.units[self.next % len(self.units)])
            buffer.pts = buffer.dts = (self.next + self.missed) * self.step_ns
            buffer.duration = self.step_ns
            self.next += 1
            self.source.emit("push-buffer", buffer)
        return True


def secured(server, args):
    """Ask every client for a password."""
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if args.auth == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(args.user, args.password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(args.user, args.password), token)
    server.set_auth(auth)


def obey(server, mounts):
    """Read orders until the input ends."""
    points = server.get_mount_points()
    for line in sys.stdin:
        order, *numbers = line.split()
        if order == "cut":
            server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)
        elif order == "clients":
            numbers = [str(len(server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REF)))]
        elif order in ("freeze", "thaw"):
            mounts[int(numbers[0])].is_frozen = order == "freeze"
        elif order == "remove":
            points.remove_factory(f"/m{numbers[0]}")
        elif order == "restore":
            points.add_factory(f"/m{numbers[0]}", mounts[int(numbers[0])])
        print("ok", order, *numbers, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mounts", type=int, default=1)
    parser.add_argument("--fps", default="25")
    parser.add_argument("--auth", choices=("none", "basic", "digest"), default="none")
    parser.add_argument("--user", default="viewer")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--udp-only", action="store_true")
    parser.add_argument("--tcp-only", action="store_true")
    parser.add_argument("--phases", type=int, default=1)
    parser.add_argument("clips", nargs="+")
    args = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(args.port))
    if args.auth != "none":
        secured(server, args)
    clips, mounts = [access_units(clip) for clip in args.clips], []
    rates = [float(rate) for rate in args.fps.split(",")]
    for number in range(args.mounts):
        codec = codec_of(args.clips[number % len(clips)])
        mount = Mount(clips[number % len(clips)], rates[number % len(rates)], codec)
        if args.udp_only or args.tcp_only:
            mount.set_protocols(GstRtsp.RTSPLowerTrans.UDP if args.udp_only else GstRtsp.RTSPLowerTrans.TCP)
        if args.auth != "none":
            rights = GstRtspServer.RTSPPermissions()
            for right in ("access", "construct"):
                rights.add_permission_for_role("viewer", f"media.factory.{right}", True)
            mount.set_permissions(rights)
        server.get_mount_points().add_factory(f"/m{number}", mount)
        mounts.append(mount)
    server.attach(None)
    loop = GLib.MainLoop()

    def push_all(at_rate):
        for mount in at_rate:
            mount.push()
        return True

    def start(rate, at_rate):
        GLib.timeout_add(int(1000 / rate), push_all, at_rate)
        return False

    for rate in set(rates):
        at_rate = [mount for mount in mounts if mount.fps == rate]
        for phase in range(args.phases):  # real cameras do not send in step
            GLib.timeout_add(int(phase * 1000 / rate / args.phases), start, rate, at_rate[phase :: args.phases])
    threading.Thread(target=lambda: (obey(server, mounts), loop.quit()), daemon=True).start()
    print("ready", server.get_bound_port(), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
