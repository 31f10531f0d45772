"""``vfi interpolate``: videos in, the same videos with more frames out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lift15.cli.output import complain, progress, tell
from lift15.cli.segments import InSegments
from lift15.long_videos import LongVideo
from lift15.making import DEFAULT, device_of, load_model
from lift15.upsampling import DEFAULT_CUT_THRESHOLD, upsample_video
from vfiblocks.errors import InputError, VfiError
from vfiblocks.stream import keep_freed_memory
from vfiblocks.video.encoding import CONTAINERS
from vfiblocks.video.segments import FRAMES

INTERRUPTED = 130  # what a shell reports for Ctrl-C


def interpolate(
    sources: Annotated[list[Path], typer.Argument(help="Video files or folders of pictures.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="The video, or a folder: for pictures, or for the videos of several inputs.",
        ),
    ],
    model: Annotated[
        str, typer.Option(help="A model's name, or a checkpoint (.safetensors).")
    ] = DEFAULT,
    factor: Annotated[
        int | None, typer.Option(help="How many times the frame rate; 2 unless said.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(help="A constant frame rate instead: 60, 60000/1001, ...")
    ] = None,
    keep_timestamps: Annotated[
        bool,
        typer.Option(
            "--keep-timestamps",
            help="Insist on the source's own times, however uneven; the default without --fps.",
        ),
    ] = False,
    slow_motion: Annotated[
        str, typer.Option(help="Play so many times slower, at the same frame rate.")
    ] = "1",
    cuts: Annotated[
        str, typer.Option(help="Scene cuts: auto, off, or a file with a frame or time per line.")
    ] = "auto",
    cut_threshold: Annotated[
        float, typer.Option(help="How far a cut stands out from the changes around it.")
    ] = DEFAULT_CUT_THRESHOLD,
    dedupe: Annotated[
        bool, typer.Option("--dedupe", help="Make frames anew that only repeat the one before.")
    ] = False,
    audio: Annotated[
        str | None,
        typer.Option(help="keep, drop or stretch; kept unless said, dropped in slow motion."),
    ] = None,
    flow_scale: Annotated[
        float | None,
        typer.Option(help="Look for motion at this fraction of the size; 0.5 for 4K (RIFE)."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU.")] = "auto",
    precision: Annotated[
        str, typer.Option(help="float32, or bfloat16 or float16 for speed on a GPU.")
    ] = "float32",
    tile: Annotated[
        str | None, typer.Option(help="Work in tiles of this height x width: 512x768.")
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option(help="Work in tiles if the model would need more: 4GB.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing output.")] = False,
    codec: Annotated[
        str | None, typer.Option(help="h264, hevc, av1, vp9, prores, ffv1, or FFmpeg's own name.")
    ] = None,
    crf: Annotated[
        int | None, typer.Option(help="Encoder quality, lower is better; default near lossless.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Encoder speed against size: ultrafast to veryslow.")
    ] = None,
    pix_fmt: Annotated[
        str | None, typer.Option(help="Pixel format; the source's where it can be kept.")
    ] = None,
    image_format: Annotated[
        str | None, typer.Option(help="Of a folder: png, png16, tiff, tiff16, jpg or exr.")
    ] = None,
    preview: Annotated[
        str | None, typer.Option(help="Read only so many seconds of each source.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Read only so many frames of each source.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Keep what is finished, and go on with it after a crash or a kill."
        ),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(help="Make part i of n only (i/n, from 0/n); `vfi join` puts them together."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Share the work out to a Ray cluster: its address, auto or local."),
    ] = None,
    segment_frames: Annotated[
        int, typer.Option(help="With these three: about so many output frames are kept at a time.")
    ] = FRAMES,
    allow_untrained: Annotated[
        bool, typer.Option(help="Accept a network with random weights.")
    ] = False,
) -> None:
    """Give videos more frames.

    Source frames, audio, size, aspect, rotation and colour tags are kept, and nothing is made
    across scene cuts. The default model computes motion without learned weights. An output appears
    when it is whole; a run that fails or is interrupted leaves nothing behind, or, with --resume,
    --shard and --ray, what is finished.
    """
    targets = name_outputs(sources, output)
    in_segments = InSegments.choose(resume=resume, shard=shard, ray=ray)
    network = load_model(model, device=device, untrained=allow_untrained, flow_scale=flow_scale)
    if device_of(network).type == "cpu":
        keep_freed_memory()  # this process makes one picture after another, and nothing else
    if len(sources) > 1:
        output.mkdir(exist_ok=True)
    wishes = {
        "factor": factor,
        "fps": fps,
        "keep_timestamps": keep_timestamps,
        "slow_motion": slow_motion,
        "cuts": cuts,
        "cut_threshold": cut_threshold,
        "dedupe": dedupe,
        "limit": limit,
        "seconds": preview,
        "precision": precision,
        "tile": tile,
        "max_memory": max_memory,
        "audio": audio,
        "overwrite": overwrite,
        "codec": codec,
        "crf": crf,
        "preset": preset,
        "pix_fmt": pix_fmt,
        "image_format": image_format,
    }
    failed = False
    for source, target in zip(sources, targets, strict=True):
        try:
            if in_segments is not None:
                video = LongVideo(
                    source,
                    target,
                    model=model,
                    device=device,
                    untrained=allow_untrained,
                    flow_scale=flow_scale,
                    segment_frames=segment_frames,
                    **wishes,
                )
                in_segments.make(video, network)
                continue
            with progress(f"{source.name}, {model}") as count:
                report = upsample_video(source, target, model=network, on_progress=count, **wishes)
        except KeyboardInterrupt:
            kept = "; run it again to go on" if in_segments is not None else ""
            complain(f"interrupted; {target} was not written{kept}")
            raise typer.Exit(INTERRUPTED) from None
        except VfiError as error:
            if len(sources) == 1:
                raise
            complain(str(error))  # the other videos can still be made
            failed = True
            continue
        for note in report.notes:
            tell(note)
        tell(f"{target}: {report.frames_in} frames in, {report.frames_out} out, by {model}")
    if failed:
        raise typer.Exit(1)


def name_outputs(sources: list[Path], output: Path) -> list[Path]:
    """The output of each source: ``output`` itself for one, files of their names in it for more.

    Raises:
        InputError: several sources would go into a file, or two into one.

    Example:
        >>> [str(path) for path in name_outputs([Path("a.mp4"), Path("in/b.gif")], Path("out"))]
        ['out/a.mp4', 'out/b.mkv']
    """
    if len(sources) == 1:
        return [output]
    if output.suffix and not output.is_dir():
        raise InputError(
            f"{output}: {len(sources)} inputs need a folder to go to; give one as --output"
        )
    if not output.absolute().parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} does not exist")
    names: dict[str, Path] = {}
    for source in sources:
        known = source.suffix.lower() in CONTAINERS or source.is_dir()
        name = source.name if known else f"{source.stem}.mkv"
        if name in names:
            raise InputError(
                f"{names[name]} and {source} would both become {output / name}; rename one"
            )
        names[name] = source
    return [output / name for name in names]
