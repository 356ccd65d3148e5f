"""Floor 3: from pictures and foreign files to keypoints (video, pose models, following one person, pose logs)."""
