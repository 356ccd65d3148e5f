"""How far every measure is from the truth, whether its 95 % interval holds it, and whether it is refused when it should be.

    python benchmarks/accuracy.py [--rendered DIR ...] [--cache DIR] [--cache-heavy DIR] [--only-cached]
                                  [--details] [--csv FILE] [--save FILE]

Rendered people have exact truth. The real engine and `refine` run on the pose model's keypoints of each recording
(`full`, and `heavy` where `--cache-heavy` holds its logs) and on the true joints projected into the picture, which is
the upper bound for any pose model. The trained side is told, as a person would. Bodies f_avg, m_tall and f_heavy are
those that errors were fitted on; every other body only reports.

**What is claimed, and so what is truth.** Each measure is the same statistic, over the true phases, of the true signal:
knee flexion, pelvic drop and the trunk's leans are joint and segment angles of the skeleton. FPPA is a projection by
definition, onto the frontal plane of the pelvis. Leg out to the side is the thigh against vertical in the person's frontal plane. Heights
and gaps are lengths of the skeleton over the true shank or hip height. `in_picture` is the same from an error-free
2-D tracker, where the studio gives it.

**What is valid** is decided by the true camera alone, never by the engine's own limits: a sagittal measure is valid when
the camera stands within 20 degrees of the side and the leg is the near one, a frontal one within 12 degrees of front or
back. It is invalid from 40 degrees on (sagittal) or 30 (frontal), and for the far leg. Between the two, it may be
refused or given, and its interval must hold. Where the plane is "any", it is always valid.

**Rows of `--csv`** (tidy, one per model, recording, repetition and measure; then one per half second and signal):

    model       full, heavy, or true (projected true joints)
    scope       rep or frame
    recording, body, bodies, exercise, view    bodies: fit or report; view: as rendered (front, side, other_side, oblique ...)
    yaw_deg     true turn of the person against the camera: 0 front, 90 right side seen, 180 back, -90 left
    rep         number of the true repetition, from 1; 0 for frames at rest
    t_s         for frames: the moment; for repetitions: its true start
    measure     id of the measure, or column of the signal (`--series` names)
    signal, plane    what it is read from; "tempo" for durations
    unit        deg, frac or s
    valid       yes, no or between (see above)
    truth       true value; empty where the truth does not say
    in_picture  what an error-free 2-D tracker would read; empty where unknown
    value, sd   what kneeline says; empty when refused
    refused     1 or 0; a repetition that was not counted refuses all its measures
    reason      why it was refused
"""
